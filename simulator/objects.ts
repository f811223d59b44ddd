/** Directory objects of every kind, by reference. */
import type { Ref } from "./random.ts";
import type { Tenant } from "./tenant.ts";
import { graphType, type Json, KIND } from "./world.ts";

/** Any directory object, as its own endpoint prints it. */
export function objectOf(tenant: Tenant, { kind, index }: Ref): Json | undefined {
  switch (kind) {
    case KIND.user:
      return index < tenant.directory.userCount ? tenant.directory.user(index) : undefined;
    case KIND.group:
      return tenant.directory.group(index);
    case KIND.servicePrincipal:
      return tenant.applications.servicePrincipal(index);
    case KIND.agent:
      return tenant.applications.agent(index);
    case KIND.blueprintPrincipal:
      return tenant.applications.blueprintPrincipal(index);
    case KIND.agentUser:
      return tenant.applications.agentUser(index);
    case KIND.application:
      return tenant.applications.application(index);
    case KIND.blueprint:
      return tenant.applications.blueprint(index);
    default:
      return undefined;
  }
}

/** An object in a list of mixed types: with its type. */
export const typed = (tenant: Tenant, ref: Ref): Json | undefined => {
  const object = objectOf(tenant, ref);
  return object && { "@odata.type": graphType(ref.kind), ...object };
};
