/** The APIs of a simulated tenant: service principals that define permissions. Ids are Microsoft's own. */
import type { Json } from "./world.ts";

export interface Permission {
  readonly name: string;
  readonly id: string;
}
export interface Service {
  readonly name: string;
  /** Absent: an API of the tenant's own, with an id from the seed. */
  readonly appId?: string;
  readonly roles: readonly Permission[];
  readonly scopes: readonly Permission[];
}

/** Tenant that owns Microsoft's own applications. */
export const MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

/** https://learn.microsoft.com/graph/permissions-reference */
export const SERVICES: readonly Service[] = [
  {
    name: "Microsoft Graph",
    appId: "00000003-0000-0000-c000-000000000000",
    roles: [
      { name: "User.Read.All", id: "df021288-bdef-4463-88db-98f22de89214" },
      { name: "Sites.Selected", id: "883ea226-0bf2-4a8f-9f9d-92c9162a727d" },
      { name: "Files.Read.All", id: "01d4889c-1287-42c6-ac1f-5d1e02578ef6" },
      { name: "Sites.Read.All", id: "332a536c-c7ef-4017-ab91-336970924f0d" },
      { name: "Mail.Read", id: "810c84a8-4a9e-49e6-bf7d-12d183f40d01" },
      { name: "Group.Read.All", id: "5b567255-7703-4780-807c-7be8301ae99b" },
      { name: "Directory.Read.All", id: "7ab1d382-f21e-4acd-a863-ba3e13f7da61" },
      { name: "Chat.Read.All", id: "6b7d71aa-70aa-4810-a8d9-5d9fb2830017" },
      { name: "Calendars.Read", id: "798ee544-9d2d-430c-a058-570e29e34338" },
      { name: "Files.ReadWrite.All", id: "75359482-378d-4052-8f01-80520e7db3cd" },
      { name: "Sites.FullControl.All", id: "a82116e5-55eb-4c41-a434-62fe8a61c773" },
      { name: "GroupMember.ReadWrite.All", id: "dbaae8cf-10b5-4b86-a4a1-f871c94c6695" },
      { name: "AppRoleAssignment.ReadWrite.All", id: "06b708a9-e830-4db3-a914-8e69da51d44f" },
      { name: "Application.ReadWrite.All", id: "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9" },
      { name: "AgentIdentity.CreateAsManager", id: "4c390976-b2b7-42e0-9187-c6be3bead001" },
      { name: "RoleManagement.ReadWrite.Directory", id: "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8" },
    ],
    scopes: [
      { name: "User.Read", id: "e1fe6dd8-ba31-4d61-89e7-88639da4683d" },
      { name: "Files.Read.All", id: "df85f4d6-205c-4ac5-a5ea-6bf408dba283" },
      { name: "Files.Read", id: "10465720-29dd-4523-a11a-6a75c743c9d9" },
      { name: "Mail.Read", id: "570282fd-fa5c-430d-a7fd-fc8dc98a9dca" },
      { name: "Mail.Send", id: "e383f46e-2787-4529-855e-0e479a3ffac0" },
      { name: "Calendars.Read", id: "465a38f9-76ea-45b9-9f34-9e8b0d4b0b42" },
    ],
  },
  {
    name: "Office 365 SharePoint Online",
    appId: "00000003-0000-0ff1-ce00-000000000000",
    roles: [{ name: "Sites.Selected", id: "20d37865-089c-4dee-8c41-6967602d4ac8" }],
    scopes: [],
  },
  {
    name: "Office 365 Exchange Online",
    appId: "00000002-0000-0ff1-ce00-000000000000",
    roles: [],
    scopes: [],
  },
  {
    name: "Payroll API",
    roles: [
      { name: "Payroll.Read.All", id: "5a7b3c10-6a2e-4f0e-9c51-2f7d1e0a4b01" },
      { name: "Payroll.Write.All", id: "5a7b3c10-6a2e-4f0e-9c51-2f7d1e0a4b02" },
    ],
    scopes: [{ name: "Payroll.Read", id: "5a7b3c10-6a2e-4f0e-9c51-2f7d1e0a4b03" }],
  },
  {
    name: "Invoice API",
    roles: [{ name: "Invoices.Read.All", id: "5a7b3c10-6a2e-4f0e-9c51-2f7d1e0a4b11" }],
    scopes: [{ name: "Invoices.Read", id: "5a7b3c10-6a2e-4f0e-9c51-2f7d1e0a4b12" }],
  },
];

/** `appRoles` as a service principal prints them. */
export const printRoles = (service: Service): readonly Json[] =>
  service.roles.map(({ name, id }) => ({
    id,
    value: name,
    displayName: name,
    description: `Application permission ${name}`,
    isEnabled: true,
    allowedMemberTypes: ["Application"],
    origin: "Application",
  }));

/** `oauth2PermissionScopes` as a service principal prints them. */
export const printScopes = (service: Service): readonly Json[] =>
  service.scopes.map(({ name, id }) => ({
    id,
    value: name,
    type: "User",
    isEnabled: true,
    adminConsentDisplayName: name,
    adminConsentDescription: `Delegated permission ${name}`,
    userConsentDisplayName: null,
    userConsentDescription: null,
  }));

/** Directory roles by their template ids. https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference */
export const DIRECTORY_ROLES: readonly Permission[] = [
  { name: "Directory Readers", id: "88d8e3e3-8f55-4a1e-953a-9b9898b8876b" },
  { name: "Global Reader", id: "f2ef992c-3afb-46b9-b7cf-a126ee74c451" },
  { name: "Groups Administrator", id: "fdd7a751-b60b-444a-984c-02652fe8fa1c" },
  { name: "User Administrator", id: "fe930be7-5e62-47db-91af-98c3a49a38b1" },
  { name: "Application Administrator", id: "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3" },
  { name: "Cloud Application Administrator", id: "158c047a-c907-4556-b7ef-446551a6b5f7" },
  { name: "Privileged Role Administrator", id: "e8611ab8-c189-46e8-94e1-60213ab1f814" },
  { name: "Global Administrator", id: "62e90394-69f5-4237-9190-012177145e10" },
];
