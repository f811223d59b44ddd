import { newTenant } from "./neo4j.ts";
import { storeContract } from "./store.contract.ts";

// What it publishes is what the reference derived: deriving it twice would show nothing more.
storeContract((stage, reference) => stage.neo4j(newTenant(), reference), { own: false });
