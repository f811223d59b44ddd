/** The list of connectors; adding one is a folder and a line here. */
import type { Connector } from "../src/connector.ts";
import { azure } from "./azure/index.ts";
import { entra } from "./entra/index.ts";
import { purview } from "./purview/index.ts";

export const connectors: readonly Connector[] = [entra, azure, purview];
