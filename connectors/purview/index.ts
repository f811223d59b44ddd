/** Microsoft Purview: what the sensitivity labels of the tenant mean. */
import type { Connector } from "../../src/connector.ts";
import { labels } from "./labels.ts";

export const purview: Connector = { name: "purview", title: "Microsoft Purview", steps: [labels] };
