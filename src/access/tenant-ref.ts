/** A tenant as services and audit events name it. */
export interface TenantRef {
  readonly id: string;
  readonly key: string;
}
