"""A camera whose picture is a clock, for scripts/benchmarks/glass.ts: H.264 over RTSP, 640 x 480 at 15 pictures a second.

Each picture shows the time at which it was drawn: the milliseconds since 1970, modulo 2 to the 24th, as a row of 24
squares, the highest bit first, white for 1; below it the same row inverted. Prints the port in one line of JSON. Ends when
standard input closes. Runs under Debian's own Python, because that one has the GObject bindings.
"""

import json
import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

WIDTH, HEIGHT, FPS, BITS, SQUARE = 640, 480, 15, 24, 24
BLACK, WHITE, GREY = 30, 220, 125


def picture():
    """Planar 4:2:0, without colour."""
    at = int(time.time() * 1000) % (1 << BITS)
    on = [(at >> (BITS - 1 - bit)) & 1 for bit in range(BITS)]
    rest = bytes([GREY]) * (WIDTH - BITS * SQUARE)
    rows = [b"".join(bytes([WHITE if bit != flip else BLACK]) * SQUARE for bit in on) + rest for flip in (0, 1)]
    below = bytes([GREY]) * WIDTH * (HEIGHT - 4 * SQUARE)
    return rows[0] * (2 * SQUARE) + rows[1] * (2 * SQUARE) + below + bytes([128]) * (WIDTH * HEIGHT // 2)


def on_media(_factory, media):
    source = media.get_element().get_child_by_name("source")

    def draw():
        buffer = Gst.Buffer.new_wrapped(picture())
        return source.emit("push-buffer", buffer) == Gst.FlowReturn.OK

    GLib.timeout_add(1000 // FPS, draw)


Gst.init(None)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    "( appsrc name=source is-live=true format=time do-timestamp=true"
    f" caps=video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={FPS}/1"
    f" ! openh264enc complexity=low gop-size={FPS} bitrate=2000000 ! h264parse"
    " ! rtph264pay name=pay0 config-interval=-1 pt=96 )"
)
factory.set_shared(True)
factory.connect("media-configure", on_media)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
server.get_mount_points().add_factory("/clock", factory)
server.attach(None)
loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP | GLib.IOCondition.IN, lambda *_: loop.quit())
print(json.dumps({"port": server.get_bound_port()}), flush=True)
loop.run()
