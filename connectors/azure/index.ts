/**
 * Azure: where access is granted, to whom, and what takes it away, through Azure Resource Manager; and the blobs
 * themselves, through the blob service.
 */
import type { Connector } from "../../src/connector.ts";
import { blobs } from "./blobs.ts";
import { containers } from "./containers.ts";
import { denyAssignments } from "./deny-assignments.ts";
import { hosts, managedIdentities } from "./hosts.ts";
import { managementGroups } from "./management-groups.ts";
import { resourceGroups } from "./resource-groups.ts";
import { eligibleAssignments, roleAssignments } from "./role-assignments.ts";
import { storageAccounts } from "./storage-accounts.ts";
import { subscriptions } from "./subscriptions.ts";

export const azure: Connector = {
  name: "azure",
  title: "Azure",
  steps: [
    managementGroups,
    subscriptions,
    resourceGroups,
    storageAccounts,
    containers,
    managedIdentities,
    hosts,
    roleAssignments,
    eligibleAssignments,
    denyAssignments,
    blobs,
  ],
};
