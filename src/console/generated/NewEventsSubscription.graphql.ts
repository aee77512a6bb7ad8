/**
 * @generated SignedSource<<7b41b824def6c44028d21f2f775fddad>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import { ConcreteRequest } from 'relay-runtime';
export type AuditKind = "ACCOUNT_LOCKED" | "CREATE" | "DELETE" | "IMPERSONATE" | "LOGIN" | "LOGIN_FAILURE" | "LOGOUT" | "READ" | "UPDATE" | "%future added value";
export type AuditOutcome = "DENIED" | "ERROR" | "SUCCESS" | "%future added value";
export type ResourceName = "API_TOKEN" | "AUDITLOG" | "BINDING" | "BLUEPRINT" | "EXECUTION" | "FLOW" | "GROUP" | "IMPERSONATE" | "INVITATION" | "NAMESPACE" | "POLICY" | "ROLE" | "SECRET" | "SERVICE_ACCOUNT" | "SESSION" | "SETTING" | "STATS" | "TENANT" | "TENANT_ACCESS" | "TRIGGER" | "USER" | "WORKER" | "WORKER_GROUP" | "%future added value";
export type AuditEventWhere = {
  action?: string | null | undefined;
  actor?: string | null | undefined;
  actorName?: string | null | undefined;
  from?: string | null | undefined;
  kind?: ReadonlyArray<AuditKind> | null | undefined;
  namespaceName?: string | null | undefined;
  object?: string | null | undefined;
  outcome?: ReadonlyArray<AuditOutcome> | null | undefined;
  requestId?: string | null | undefined;
  resource?: ReadonlyArray<ResourceName> | null | undefined;
  text?: string | null | undefined;
  under?: string | null | undefined;
  until?: string | null | undefined;
};
export type NewEventsSubscription$variables = {
  tenant: string;
  where?: AuditEventWhere | null | undefined;
};
export type NewEventsSubscription$data = {
  readonly auditEvents: {
    readonly event: {
      readonly id: string;
    } | null | undefined;
  };
};
export type NewEventsSubscription = {
  response: NewEventsSubscription$data;
  variables: NewEventsSubscription$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "tenant"
  },
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "where"
  }
],
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "tenantKey",
        "variableName": "tenant"
      },
      {
        "kind": "Variable",
        "name": "where",
        "variableName": "where"
      }
    ],
    "concreteType": "AuditFeedItem",
    "kind": "LinkedField",
    "name": "auditEvents",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "concreteType": "AuditEvent",
        "kind": "LinkedField",
        "name": "event",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "id",
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "NewEventsSubscription",
    "selections": (v1/*:: as any*/),
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "NewEventsSubscription",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "36b7ed8b07c089b38ac7b34d262caa92",
    "id": null,
    "metadata": {},
    "name": "NewEventsSubscription",
    "operationKind": "subscription",
    "text": "subscription NewEventsSubscription(\n  $tenant: String!\n  $where: AuditEventWhere\n) {\n  auditEvents(tenantKey: $tenant, where: $where) {\n    event {\n      id\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "f1ad11256d166a62362c09df63c12199";

export default node;
