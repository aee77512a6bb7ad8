import './schema.ts';
import './undo.ts';
