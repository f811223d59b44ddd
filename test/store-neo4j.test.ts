import { newTenant } from "./neo4j.ts";
import { storeContract } from "./store.contract.ts";

storeContract((stage) => stage.neo4j(newTenant()));
