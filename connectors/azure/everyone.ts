/** Every identity of the tenant as one principal. */
import type { NodeRecord } from "../../src/schema.ts";

export const EVERYONE = "everyone";
export const everyone = (): NodeRecord<"Principal"> => ({
  kind: "Principal",
  id: EVERYONE,
  props: { kind: "Everyone", name: "Everyone" },
});
