import './schema.ts';
import './links.ts';
import './settings-schema.ts';
import './files-schema.ts';
import './undo.ts';
