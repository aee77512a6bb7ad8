import './resource.ts';
import './schema.ts';
import './undo.ts';
