/** Records in which an agent means something for the people who may use it. */
const node = (kind: string, id: string, props = {}) => ({ put: { kind, id, props } });
const rel = (kind: string, from: readonly [string, string], to: readonly [string, string], props = {}) => ({
  put: { kind, from: { kind: from[0], id: from[1] }, to: { kind: to[0], id: to[1] }, props },
});
const reads = (who: string, where: string) =>
  rel("GRANTED", ["Principal", who], ["Scope", where], {
    ...{ key: who, flow: "containment", see: true, read: true },
  });
/** An agent that two people may use: one of them reads less than it. */
export const PEOPLE = [
  node("Principal", "ana", { kind: "User", name: "Clerk Amber 17" }),
  node("Principal", "ben", { kind: "User", name: "Buyer Cobalt 8" }),
  node("Principal", "mia", { kind: "User", name: "Mia Maker" }),
  node("Principal", "app", { kind: "ServicePrincipal", name: "Desk" }),
  node("Agent", "desk", { name: "Help desk" }),
  rel("ACTS_AS", ["Agent", "desk"], ["Principal", "mia"], { key: "maker", mode: "maker" }),
  rel("ACTS_AS", ["Agent", "desk"], ["Principal", "app"], { key: "app", mode: "app" }),
  ...["ana", "ben"].map((id) => rel("MAY_USE", ["Principal", id], ["Agent", "desk"])),
  node("Scope", "account", { kind: "StorageAccount", plane: "azure" }),
  node("Scope", "box", { kind: "Container", plane: "azure" }),
  rel("WITHIN", ["Scope", "box"], ["Scope", "account"]),
  rel("CONSENTED", ["Principal", "app"], ["Scope", "account"], {
    ...{ key: "1", type: "delegated", permission: "user_impersonation", user: "*" },
  }),
  reads("mia", "box"),
  reads("ana", "account"),
  node("Label", "unlabeled", { kind: "None" }),
  node("Item", "item", { size: 1, types: "card" }),
  rel("PROTECTED_BY", ["Item", "item"], ["Scope", "box"]),
  rel("LABELED", ["Item", "item"], ["Label", "unlabeled"], { method: "standard", source: "bytes" }),
];
