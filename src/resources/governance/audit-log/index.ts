import './schema.ts';
import './checkpoint-schema.ts';
import './shipping-schema.ts';
import './subscription.ts';
import './undo.ts';
