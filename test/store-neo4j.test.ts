import { emptyTenant, plainDriver } from "./neo4j.ts";
import { storeContract } from "./store.contract.ts";

// What it publishes is what the reference derived: deriving it twice would show nothing more.
storeContract(
  (stage, reference) => {
    const driver = plainDriver();
    stage.onEnd(() => driver.close());
    const { tenant, end } = emptyTenant(driver);
    stage.onEnd(end);
    return stage.neo4j(tenant, reference);
  },
  { own: false },
);
