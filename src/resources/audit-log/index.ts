import './resource.ts';
import './schema.ts';
import './checkpoint-schema.ts';
import './subscription.ts';
import './undo.ts';
