import type { Step } from "../../src/connector.ts";
import { USERS } from "./needs.ts";
import { USER_SELECT, type User, userChange } from "./principals.ts";
import { deltaOrListing } from "./read.ts";

/** Users and guests. Delta takes no $top; the listing gives up to 999 a page. */
export const createUsers = (how: "delta" | "list"): Step => ({
  id: "entra.users",
  title: "Users and guests",
  produces: ["Principal"],
  needs: [USERS],
  reads: ["GET graph /v1.0/users/delta", "GET graph /v1.0/users"],
  hides: "grants",
  delta: true,
  async *crawl(c, pass) {
    const paths = {
      delta: `/v1.0/users/delta?$select=${USER_SELECT}`,
      list: `/v1.0/users?$select=${USER_SELECT}&$top=999`,
      how,
    };
    for await (const { items, end } of deltaOrListing<User>(c, pass, paths))
      yield { changes: items.map(userChange), ...end };
  },
});
