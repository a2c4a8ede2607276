import type { JSX } from "preact";
import type { AttestationFacts, ImageFacts } from "./api.ts";
import { LoadError } from "./load-error.tsx";
import type { Loaded } from "./use-loaded.ts";

/** The content of the badge's dialog. */
export function AttestationDetails({
  state,
  onRetry,
  onClose,
}: {
  readonly state: Loaded<AttestationFacts>;
  readonly onRetry: () => void;
  readonly onClose: () => void;
}): JSX.Element {
  return (
    <div class="details-body">
      <div class="details-head">
        <h2 id="details-title">What was verified</h2>
        <button type="button" class="close" aria-label="Close" onClick={onClose}>
          <span aria-hidden="true">×</span>
        </button>
      </div>
      {state.kind === "failed" && (
        <LoadError what="The attestation" error={state.error} onRetry={onRetry} />
      )}
      {state.kind === "ready" && <Facts facts={state.value} />}
    </div>
  );
}

function Facts({ facts }: { readonly facts: AttestationFacts }): JSX.Element {
  return (
    <>
      {facts.warning !== null && <p class="warning">{facts.warning}</p>}
      <p>
        Before this service got its certificate, the Coordinator of the mesh checked its evidence
        against the manifest: which program it is, who signed it, and that its version is recent
        enough. The services it hands your vote to went through the same check.
      </p>
      <Image title="This web service" image={facts.image} />
      <Image title="The Coordinator" image={facts.coordinator} />
      <h3>Its certificates</h3>
      <dl>
        <Fact name="Root, SHA-256" value={facts.coordinatorRootSha256} />
        <Fact
          name="Chain to this service"
          value={
            facts.certificateChainSubjects.length > 0
              ? facts.certificateChainSubjects.join(" ← ")
              : null
          }
        />
      </dl>
      <h3>Check it yourself</h3>
      <p>
        A page cannot vouch for the server that sent it: the lines above are claims. These commands
        compare them with evidence, on your own machine.
      </p>
      <Commands simulated={facts.assurance !== "hardware"} />
    </>
  );
}

function Commands({ simulated }: { readonly simulated: boolean }): JSX.Element {
  const insecure = simulated ? " --insecure" : "";
  return (
    <>
      <pre>
        <code>
          {`carrara manifest verify manifest.json localhost:4433${insecure} \\\n    --coordinator-cert mesh.pem`}
        </code>
      </pre>
      <p>
        verifies the Coordinator’s evidence, compares the manifest that was set with your copy, and
        keeps the certificates it vouches for.
      </p>
      <pre>
        <code>{`curl --cacert mesh.pem ${location.origin}`}</code>
      </pre>
      <p>proves that this very site holds a certificate from that Coordinator.</p>
      {simulated && (
        <p>
          <code>--insecure</code> accepts the simulated platform. It shows how everything works and
          protects nothing from whoever runs the machine.
        </p>
      )}
    </>
  );
}

function Image({
  title,
  image,
}: {
  readonly title: string;
  readonly image: ImageFacts;
}): JSX.Element {
  return (
    <>
      <h3>{title}</h3>
      <dl>
        <Fact name="Measurement" value={image.uniqueId} />
        <Fact name="Signer" value={image.signerId} />
        <Fact name="Product id" value={image.productId} />
        <Fact name="Security version" value={image.securityVersion} />
      </dl>
    </>
  );
}

function Fact({
  name,
  value,
}: {
  readonly name: string;
  readonly value: string | number | null;
}): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value === null ? <span class="unknown-value">not told</span> : <code>{value}</code>}</dd>
    </>
  );
}
