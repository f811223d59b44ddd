import { storeContract } from "./store.contract.ts";

storeContract((stage) => stage.embedded());
