import { builder } from './builder.ts';

/** The caller. Implemented by `resources/viewer`; other resources add their own lists. */
export const ViewerRef = builder.objectRef<{ id: string }>('Viewer');
