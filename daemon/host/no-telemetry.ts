/**
 * From 1.29 on, ONNX Runtime uploads names and hashes of models and a device id to its maker, unless this variable is set
 * before its first use (https://github.com/microsoft/onnxruntime/pull/27379).
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
