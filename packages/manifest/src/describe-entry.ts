import type { Action } from "./actions.ts";
import type { Package, SecretDefinition } from "./manifest.ts";
import { countOf, listOf } from "./word-list.ts";

/** Which code a package allows, as the end of a sentence. */
export function describePackage(pkg: Package): string {
  const signer = [
    ...(pkg.signerId === "" ? [] : [`signed by ${pkg.signerId}`]),
    ...(pkg.productId === undefined ? [] : [`product ${pkg.productId}`]),
    ...(pkg.securityVersion === undefined
      ? []
      : [`security version at least ${pkg.securityVersion}`]),
  ];
  const identity = [...(pkg.uniqueId === "" ? [] : [`measured ${pkg.uniqueId}`]), ...signer];
  const debug = pkg.debug ? ", in debug mode: nothing of it is protected" : "";
  return `${identity.length === 0 ? "any code" : `code ${listOf(identity)}`}${debug}`;
}

/** Which platforms a package may run on, as the end of a sentence. */
export function describePlatform({ acceptedTcbStatuses, acceptedAdvisories }: Package): string {
  const statuses = acceptedTcbStatuses.length === 0 ? ["SWHardeningNeeded"] : acceptedTcbStatuses;
  const names = new Set(["UpToDate", ...statuses]);
  const advisories =
    acceptedAdvisories.length === 0
      ? "any advisory"
      : `no advisory but ${listOf(acceptedAdvisories)}`;
  return `platforms whose status is ${listOf(names).replace(" and ", " or ")}, with ${advisories}`;
}

/** What a secret is and where its value comes from, as the end of a sentence. */
export function describeSecret(secret: SecretDefinition): string {
  const { type, size, shared, userDefined } = secret;
  const what = size === 0 ? type : `${type} of ${countOf(size, "bit")}`;
  if (userDefined) return `${what} that a user uploads`;
  return shared
    ? `${what} that the Coordinator makes, the same for every Marble`
    : `${what} that the Coordinator makes, another for each Marble`;
}

/** An action as what somebody may do, the resource included. */
export function describeAction(action: Action, resource: string): string {
  switch (action) {
    case "updatemanifest":
      return "update the manifest";
    case "updatesecurityversion":
      return `raise the security version of package ${resource}`;
    case "readsecret":
      return `read secret ${resource}`;
    case "writesecret":
      return `write secret ${resource}`;
  }
}

/** How many of how many, as in `2 of 3 users`; `all` where that is the same. */
export function describeQuorum(needed: number, of: number, noun: string): string {
  return needed === of && of > 1 ? `all ${of} ${noun}s` : `${needed} of ${countOf(of, noun)}`;
}
