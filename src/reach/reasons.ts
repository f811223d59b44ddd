/** Why an answer is not exact: a closed list of codes, in words. The documentation page is made from it. */
export const REASONS: Readonly<Record<string, string>> = {
  "denies-unread": "what could deny or narrow this was not read completely",
  "copy-denies-unread":
    "what could deny or narrow reading the copy that this goes through was not read completely",
  "plane-not-modelled":
    "the grant is on a service whose rules are not modelled yet, so what it opens is unknown",
  "role-unread": "the role was not read, so what it allows is unknown",
  "actions-unread": "no record says which actions the grant allows, so what it opens is unknown",
  "condition-unread": "the condition of the role assignment could not be read or decided",
  "condition-unparsed": "the condition of the role assignment could not be understood",
  "condition-item": "the condition depends on the path or the tags of the blob",
  "condition-asked": "the condition is decided when the request is made",
  class: "it could become any member of this class; no member need have this much",
  "network-asked": "the network rules of the account decide when the request is made",
  "network-unread": "the network rules of the account were not read",
  "policy-asked": "a policy decides when the request is made",
  "audience-unread":
    "who may use the agent was not read, or no record says what they are, so what it can reach for them is unknown",
  "inheritance-unread": "whether the blueprint hands this permission on was not read",
  "package-role": "what the access package gives at this place is not known",
  "agent-identity-unknown": "no record says with whose rights the agent acts, so what it opens is unknown",
  "server-application-unknown":
    "the MCP server acts as an agent's user, and no record says with which application, so what it opens is unknown",
  "server-identity-unknown":
    "with whose rights the MCP server acts is not known, so what it opens is unknown",
  "acl-unread": "an access list on the way to it was not read",
  "acl-many-ways": "access lists let too many combinations of groups pass to tell them all apart",
  "website-unread": "whether the static website is switched on was not read",
  "account-unread": "the settings of the account were not read",
};

export const reasonInWords = (code: string, residual: string | undefined): string => {
  const words = code === "" ? "" : (REASONS[code] ?? code);
  return residual === undefined || residual === "" ? words : [words, residual].filter(Boolean).join(": ");
};
