// The only way to ONNX Runtime: the line below must be evaluated before it is.
import './no-telemetry.js';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';

// What goes wrong is thrown; its own lines on standard error would stand between those of the log.
env.logLevel = 'fatal';

export { InferenceSession, Tensor };
