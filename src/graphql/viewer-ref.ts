import { builder } from './builder.ts';

/** Who asks. Implemented by `resources/viewer`; other resources hang their own lists on it. */
export const ViewerRef = builder.objectRef<{ id: string }>('Viewer');
