import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cameraSchemes, urlFault } from '../../daemon/kernel/url-fault.js';

test('the form of a camera address is judged without asking the box', () => {
  const fault = (text: string) => urlFault(text, cameraSchemes);
  for (const fit of ['rtsp://192.0.2.10/stream1', 'rtsps://[2001:db8::1]:322/a?b=c', 'RTSP://door']) {
    assert.equal(fault(fit), undefined, fit);
  }
  for (const text of ['', '192.0.2.10', 'rtsp//192.0.2.10', 'rtsp://192.0.2.10:70000/', 'rtsp://[1/']) {
    assert.equal(fault(text), 'not-a-url', text);
  }
  assert.equal(fault('rtps://192.0.2.10/'), 'other-scheme');
  assert.equal(fault('http://192.0.2.10/'), 'other-scheme');
  assert.equal(fault('rtsp:/192.0.2.10/'), 'no-host');
  assert.equal(fault('rtsp://viewer:secret@192.0.2.10/'), 'login-inside');
});
