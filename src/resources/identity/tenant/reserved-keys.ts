/** Keys with another meaning in paths of the orchestrator and of this gateway. */
export const reservedKeys: ReadonlySet<string> = new Set(
  `acls api auditlogs auths banners basicauthvalidationerrors cluster configs forgotten-password graphql healthz instance
  invitation invitations kill-switches license-info main-tenant-flows me plugins ready readyz request-code
  reset-password service-accounts setup system tenants users workers`.split(/\s+/),
);
