/**
 * @generated SignedSource<<505cccc8e4bbeabb970a23cc747891c9>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import { ConcreteRequest } from 'relay-runtime';
export type HomeQuery$variables = {
  tenant: string;
};
export type HomeQuery$data = {
  readonly tenant: {
    readonly bindings: {
      readonly totalCount: number;
    } | null | undefined;
    readonly description: string | null | undefined;
    readonly flows: {
      readonly totalCount: number;
    } | null | undefined;
    readonly groups: {
      readonly totalCount: number;
    } | null | undefined;
    readonly name: string;
    readonly namespaces: {
      readonly totalCount: number;
    } | null | undefined;
    readonly roles: {
      readonly totalCount: number;
    } | null | undefined;
    readonly serviceAccounts: {
      readonly totalCount: number;
    } | null | undefined;
    readonly triggers: {
      readonly totalCount: number;
    } | null | undefined;
    readonly users: {
      readonly totalCount: number;
    } | null | undefined;
  } | null | undefined;
};
export type HomeQuery = {
  response: HomeQuery$data;
  variables: HomeQuery$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "tenant"
  }
],
v1 = [
  {
    "kind": "Variable",
    "name": "key",
    "variableName": "tenant"
  }
],
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "name",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "description",
  "storageKey": null
},
v4 = [
  {
    "alias": null,
    "args": null,
    "kind": "ScalarField",
    "name": "totalCount",
    "storageKey": null
  }
],
v5 = {
  "alias": null,
  "args": null,
  "concreteType": "UserConnection",
  "kind": "LinkedField",
  "name": "users",
  "plural": false,
  "selections": (v4/*:: as any*/),
  "storageKey": null
},
v6 = {
  "alias": null,
  "args": null,
  "concreteType": "GroupConnection",
  "kind": "LinkedField",
  "name": "groups",
  "plural": false,
  "selections": (v4/*:: as any*/),
  "storageKey": null
},
v7 = {
  "alias": null,
  "args": null,
  "concreteType": "RoleConnection",
  "kind": "LinkedField",
  "name": "roles",
  "plural": false,
  "selections": (v4/*:: as any*/),
  "storageKey": null
},
v8 = {
  "alias": null,
  "args": null,
  "concreteType": "BindingConnection",
  "kind": "LinkedField",
  "name": "bindings",
  "plural": false,
  "selections": (v4/*:: as any*/),
  "storageKey": null
},
v9 = {
  "alias": null,
  "args": null,
  "concreteType": "ServiceAccountConnection",
  "kind": "LinkedField",
  "name": "serviceAccounts",
  "plural": false,
  "selections": (v4/*:: as any*/),
  "storageKey": null
},
v10 = {
  "alias": null,
  "args": null,
  "concreteType": "NamespaceConnection",
  "kind": "LinkedField",
  "name": "namespaces",
  "plural": false,
  "selections": (v4/*:: as any*/),
  "storageKey": null
},
v11 = {
  "alias": null,
  "args": null,
  "concreteType": "FlowConnection",
  "kind": "LinkedField",
  "name": "flows",
  "plural": false,
  "selections": (v4/*:: as any*/),
  "storageKey": null
},
v12 = {
  "alias": null,
  "args": null,
  "concreteType": "TriggerConnection",
  "kind": "LinkedField",
  "name": "triggers",
  "plural": false,
  "selections": (v4/*:: as any*/),
  "storageKey": null
};
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "HomeQuery",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "Tenant",
        "kind": "LinkedField",
        "name": "tenant",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          (v3/*:: as any*/),
          (v5/*:: as any*/),
          (v6/*:: as any*/),
          (v7/*:: as any*/),
          (v8/*:: as any*/),
          (v9/*:: as any*/),
          (v10/*:: as any*/),
          (v11/*:: as any*/),
          (v12/*:: as any*/)
        ],
        "storageKey": null
      }
    ],
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "HomeQuery",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "Tenant",
        "kind": "LinkedField",
        "name": "tenant",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          (v3/*:: as any*/),
          (v5/*:: as any*/),
          (v6/*:: as any*/),
          (v7/*:: as any*/),
          (v8/*:: as any*/),
          (v9/*:: as any*/),
          (v10/*:: as any*/),
          (v11/*:: as any*/),
          (v12/*:: as any*/),
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
    ]
  },
  "params": {
    "cacheID": "9b55641a1a72ef4736052ed533fdf4c2",
    "id": null,
    "metadata": {},
    "name": "HomeQuery",
    "operationKind": "query",
    "text": "query HomeQuery(\n  $tenant: String!\n) {\n  tenant(key: $tenant) {\n    name\n    description\n    users {\n      totalCount\n    }\n    groups {\n      totalCount\n    }\n    roles {\n      totalCount\n    }\n    bindings {\n      totalCount\n    }\n    serviceAccounts {\n      totalCount\n    }\n    namespaces {\n      totalCount\n    }\n    flows {\n      totalCount\n    }\n    triggers {\n      totalCount\n    }\n    id\n  }\n}\n"
  }
};
})();

(node as any).hash = "bed9f475eabe7518cb12906ef64c285d";

export default node;
