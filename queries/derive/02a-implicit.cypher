// rule: implicit
// derives: IMPLICIT
// why: classes of principals that an import may name: all agent identities, all who sign in, a mail domain. No membership says who
// is in one. Everyone and everyone but guests are known by their ids.
MATCH (e:Principal)
WHERE e.kind IN ['AllAgentIdentities', 'AuthenticatedUsers', 'MailDomain'] AND (e.enabled IS NULL OR e.enabled)
RETURN e.id, e.id
