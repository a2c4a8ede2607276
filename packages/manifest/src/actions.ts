/** What a role can allow, in lower case as upstream stores it (spec marblerun sections 4.3 and 8.3). */
export type Action = "updatesecurityversion" | "readsecret" | "writesecret" | "updatemanifest";

/** What a role can be about, exact case. */
export type ResourceType = "Packages" | "Secrets" | "Manifest";

const ACTIONS: ReadonlyMap<string, readonly Action[]> = new Map<ResourceType, readonly Action[]>([
  ["Packages", ["updatesecurityversion"]],
  ["Secrets", ["readsecret", "writesecret"]],
  ["Manifest", ["updatemanifest"]],
]);

/** The actions on a resource type, or `undefined` when there is no such type. */
export function actionsOn(resourceType: string): readonly Action[] | undefined {
  return ACTIONS.get(resourceType);
}

/** The action `name` in any case, if it exists for this resource type. */
export function parseAction(resourceType: string, name: string): Action | undefined {
  const wanted = name.toLowerCase();
  return actionsOn(resourceType)?.find((action) => action === wanted);
}
