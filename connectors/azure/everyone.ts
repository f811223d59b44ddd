/** Every identity of the tenant as one principal. */
import { EVERYONE, type NodeRecord } from "../../src/schema.ts";

export const everyone = (): NodeRecord<"Principal"> => ({
  kind: "Principal",
  id: EVERYONE,
  props: { kind: "Everyone", name: "Everyone" },
});
