/** The tenant of the demo on a thread of its own, so that who scans it has a core to itself. */
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { demoTenant } from "./demo.ts";
import { startSimulator } from "./server.ts";

/** What the thread says once it serves. */
export interface Serving {
  endpoints: { graph: string; arm: string; blob: string };
  /** ARM id of the one container that is refused. */
  refusedContainer: string;
}

if (!isMainThread && parentPort !== null) {
  const { refusedContainer, ...tenant } = demoTenant(Number(workerData));
  const { endpoints } = await startSimulator(tenant);
  const serving: Serving = { endpoints: { ...endpoints }, refusedContainer };
  parentPort.postMessage(serving);
}
