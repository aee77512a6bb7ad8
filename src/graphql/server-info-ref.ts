import { builder } from './builder.ts';

/** The gateway. Implemented by `resources/governance/instance`; other resources add their own fields. */
export const ServerInfoRef = builder.objectRef<{ id: string }>('ServerInfo');
