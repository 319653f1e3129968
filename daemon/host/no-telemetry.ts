/**
 * ONNX Runtime from 1.29 on reports to its maker unless this stands in the environment before it is first used: names and
 * hashes of models, a device id kept in the user's cache directory, uploads over HTTPS
 * (https://github.com/microsoft/onnxruntime/pull/27379). A box that recognises people reports to nobody.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
