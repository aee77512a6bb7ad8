import './schema.ts';
import './least-privilege.ts';
import './undo.ts';
