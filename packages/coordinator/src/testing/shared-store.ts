import { createKubernetesStore } from "../store/kubernetes/kubernetes-store.ts";
import type { StateStore } from "../store/state-store.ts";
import { type KubernetesApi, startKubernetesApi, TEST_NAMESPACE } from "./kubernetes-api.ts";
import type { Json } from "./kubernetes-objects.ts";

/** A store that Coordinators of a test share, on an API server of its own. */
export interface SharedStore {
  readonly api: KubernetesApi;
  /** Opens it once more. */
  open(): StateStore;
  /** Everything in the Secret as it is now. */
  secret(): Json;
  /** Puts the Secret's data back to what {@link secret} gave. */
  restore(secret: Json): void;
  close(): Promise<void>;
}

const STATE_NAME = "marblerun-state";

/** Starts an API server with nothing stored. */
export async function createSharedStore(): Promise<SharedStore> {
  const api = await startKubernetesApi();
  return {
    api,
    open: () =>
      createKubernetesStore({
        ...api.access,
        namespace: TEST_NAMESPACE,
        stateName: STATE_NAME,
        machinesName: "marblerun-sealed-kek",
      }),
    secret: () => api.objects.get("secrets", STATE_NAME).content,
    restore: ({ data }) => void api.objects.patch("secrets", STATE_NAME, { data }),
    close: async () => await api.close(),
  };
}
