/** The sample manifest of spec emojivoto section 4, its obsolete sections included. */
export function emojivotoManifest(): Record<string, unknown> {
  const signer = { Debug: true, SignerID: "43361aff".repeat(8), SecurityVersion: 1 };
  const service = {
    GRPC_PORT: "8080",
    PROM_PORT: "8801",
    OC_AGENT_HOST: "oc-collector.tracing:55678",
  };
  const mutual = { Incoming: [{ Port: "8080" }] };
  return {
    Packages: {
      web: { ...signer, ProductID: 4 },
      "emoji-svc": { ...signer, ProductID: 5 },
      "voting-svc": { ...signer, ProductID: 6 },
    },
    Infrastructures: { Azure: {} },
    Clients: { owner: [9, 9, 9] },
    Marbles: {
      web: {
        Package: "web",
        Parameters: {
          Env: { WEB_PORT: "4433", EMOJISVC_HOST: "emoji-svc.emojivoto:8080" },
        },
        TLS: ["web"],
      },
      "emoji-svc": { Package: "emoji-svc", Parameters: { Env: service }, TLS: ["emoji"] },
      "voting-svc": { Package: "voting-svc", Parameters: { Env: service }, TLS: ["voting"] },
    },
    Secrets: {
      webCertShared: {
        Size: 256,
        Type: "cert-ecdsa",
        Shared: true,
        ValidFor: 7,
        Cert: { Subject: { CommonName: "localhost" }, DNSNames: ["localhost"] },
      },
    },
    Users: {},
    Roles: {},
    RecoveryKeys: {},
    TLS: {
      web: {
        Outgoing: [
          { Port: "8080", Addr: "emoji-svc.emojivoto" },
          { Port: "8080", Addr: "voting-svc.emojivoto" },
        ],
        Incoming: [{ Port: "4433", Cert: "webCertShared", DisableClientAuth: true }],
      },
      emoji: mutual,
      voting: mutual,
    },
  };
}
