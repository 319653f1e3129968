"""Serves clips as RTSP cameras do, with GStreamer's RTSP server; started by rtsp-server.ts.

Standard input: first one line of JSON with the settings; credentials are passed only here. Then one line for each
requested act, {"mount": path, "act": name}. When standard input closes, the parent is gone and the server ends.
Standard output: one JSON object on each line, first {"ready": true, "port": N} or {"error": "..."}, then what clients
do. Runs under Debian's own Python, because that one has the GObject bindings.

Settings: address, port (0: any free one), transport ("tcp", "udp" or "both"), auth (null or user, password, method
"digest" or "basic"), tls (null or certificate and key, paths of PEM files), mounts: path -> { file, loop, startAtS,
silentAfterS (null: never), lostShare (0..1 of the RTP packets), isShared, isUnceasing, acts (null, or name -> [first part, part
after the last]: see ActingReader), launch (null, or a pipeline in place of the file) }, sessionTimeoutS (null: GStreamer's own).
"""

import json
import os
import signal
import sys
import threading
import time

import gi

gi.require_version("Gio", "2.0")
gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)

from clip_reader import ActingReader, ClipReader, UnusableClip  # noqa: E402

PAYLOADERS = {
    "video/x-h264": "rtph264pay config-interval=-1 pt=96",
    "video/x-h265": "rtph265pay config-interval=-1 pt=96",
    "image/jpeg": "rtpjpegpay pt=26",
}
TRANSPORTS = {
    "tcp": GstRtsp.RTSPLowerTrans.TCP,
    "udp": GstRtsp.RTSPLowerTrans.UDP,
    "both": GstRtsp.RTSPLowerTrans.TCP | GstRtsp.RTSPLowerTrans.UDP,
}
VIEWER = "viewer"
SESSION_SWEEP_S = 2
OUTPUT = threading.Lock()
STARTED_S = time.monotonic()


def report(**event):
    # Clients have threads of their own: without the lock, two lines could become one.
    with OUTPUT:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


class Mount:
    """One clip behind one path; opens the file anew for every pipeline."""

    def __init__(self, path, options):
        self._path = path
        self._options = options
        self._acting = []
        if options["launch"] is not None:
            return
        reader = self._open()
        try:
            reader.next()
            self._codec = reader.codec
            self._caps = reader.caps
        finally:
            reader.close()

    def _open(self):
        acts = self._options["acts"]
        if acts is not None:
            return ActingReader(self._options["file"], acts)
        reader = ClipReader(self._options["file"], self._options["startAtS"], self._options["loop"])
        if self._options["isUnceasing"]:
            reader.join(time.monotonic() - STARTED_S)
        return reader

    def perform(self, act):
        for reader in self._acting:
            reader.perform(act)

    def factory(self, protocols, role):
        factory = GstRtspServer.RTSPMediaFactory()
        launch = self._options["launch"]
        factory.set_launch(f"( {launch or self._clip_pipeline()} )")
        factory.set_shared(self._options["isShared"])
        factory.set_protocols(protocols)
        if launch is None:
            factory.connect("media-configure", self._on_media)
        if role is not None:
            permissions = Gst.Structure.new_empty(role)
            permissions.set_value("media.factory.access", True)
            permissions.set_value("media.factory.construct", True)
            factory.add_role_from_structure(permissions)
        return factory

    def _clip_pipeline(self):
        lost = self._options["lostShare"]
        payloader = f"{PAYLOADERS[self._codec]} name={'pay0' if lost == 0 else 'whole'}"
        # The server streams whatever comes out of `pay0`.
        holes = "" if lost == 0 else f" ! identity name=pay0 drop-probability={lost}"
        return f"appsrc name=source format=time max-buffers=4 ! {payloader}{holes}"

    def _on_media(self, _factory, media):
        reader = self._open()
        if self._options["acts"] is not None:
            self._acting = [reader]
        silent_after_s = self._options["silentAfterS"]
        silent_at_ns = None if silent_after_s is None else int(silent_after_s * Gst.SECOND)

        def feed(source, _wanted_bytes):
            try:
                unit = reader.next()
            except UnusableClip as problem:
                report(event="failed", mount=self._path, reason=str(problem))
                unit = None
            if unit is None:
                source.emit("end-of-stream")
            elif silent_at_ns is None or unit.dts < silent_at_ns:
                source.emit("push-buffer", unit)

        source = media.get_element().get_child_by_name("source")
        source.set_property("caps", self._caps)
        source.connect("need-data", feed)
        media.connect("unprepared", lambda _media: reader.close())


def use_authentication(server, wanted, tls):
    """Sets up passwords and TLS if the settings have them. Returns the role that the mounts must admit."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, VIEWER)
    if tls:
        try:
            auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(tls["certificate"], tls["key"]))
        except GLib.Error as problem:
            raise UnusableClip(f"the certificate cannot be used: {problem.message}") from problem
    if not wanted:
        auth.set_default_token(token)
    elif wanted["method"] == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(wanted["user"], wanted["password"], token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(wanted["user"], wanted["password"]), token)
    server.set_auth(auth)
    return VIEWER


def watch_clients(server, session_timeout_s):
    def on_request(name):
        return lambda _client, context: report(event=name, mount=context.uri.abspath if context.uri else None)

    def on_client(_server, client):
        report(event="connected")
        client.connect("play-request", on_request("play"))
        client.connect("teardown-request", on_request("teardown"))
        client.connect("closed", lambda _client: report(event="closed"))
        if session_timeout_s is not None:
            client.connect("new-session", lambda _client, session: session.set_timeout(session_timeout_s))

    server.connect("client-connected", on_client)


def hear(mounts, quit_loop):
    """Passes on the requests for acts. Stops the server when standard input ends, because then the parent is gone."""
    # Not through sys.stdin, which would wait for whole lines. The settings were all of what had come by then.
    heard = bytearray()

    def on_input(_source, _condition):
        chunk = os.read(sys.stdin.fileno(), 65536)
        if not chunk:
            quit_loop()
            return False
        heard.extend(chunk)
        while (end := heard.find(b"\n")) >= 0:
            wanted = json.loads(bytes(heard[:end]))
            del heard[: end + 1]
            mounts[wanted["mount"]].perform(wanted["act"])
        return True

    conditions = GLib.IOCondition.IN | GLib.IOCondition.HUP
    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, conditions, on_input)


def serve(settings):
    loop = GLib.MainLoop()
    server = GstRtspServer.RTSPServer()
    server.set_address(settings["address"])
    server.set_service(str(settings["port"]))
    # With the default of one thread, a pipeline that waits for its first picture holds up every other DESCRIBE.
    server.get_thread_pool().set_max_threads(-1)
    is_open = not settings["auth"] and not settings["tls"]
    role = None if is_open else use_authentication(server, settings["auth"], settings["tls"])
    mounts = {path: Mount(path, options) for path, options in settings["mounts"].items()}
    for path, mount in mounts.items():
        factory = mount.factory(TRANSPORTS[settings["transport"]], role)
        server.get_mount_points().add_factory(path, factory)
    watch_clients(server, settings["sessionTimeoutS"])
    if server.attach(None) == 0:
        raise UnusableClip(f"cannot listen on {settings['address']} port {settings['port']}: is it in use?")
    GLib.timeout_add_seconds(SESSION_SWEEP_S, lambda: server.get_session_pool().cleanup() is not None)
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
    hear(mounts, loop.quit)
    report(ready=True, port=server.get_bound_port())
    loop.run()
    server.client_filter(lambda *_: GstRtspServer.RTSPFilterResult.REMOVE)


def main():
    try:
        serve(json.loads(sys.stdin.readline()))
    except UnusableClip as problem:
        report(error=str(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
