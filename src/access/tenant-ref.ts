/** A tenant in services and audit events. */
export interface TenantRef {
  readonly id: string;
  readonly key: string;
}
