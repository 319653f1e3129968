"""Reads a clip's coded pictures, one access unit after the other, again and again with rising timestamps."""

from collections import deque

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import Gst, GstApp  # noqa: E402,F401 (GstApp gives the sink its pull methods)

OPEN_TIMEOUT_NS = 10 * Gst.SECOND
POLL_NS = Gst.SECOND // 10
FALLBACK_FRAME_NS = Gst.SECOND // 25

PARSERS = {"video/x-h264": "h264parse", "video/x-h265": "h265parse", "image/jpeg": "jpegparse"}


class UnusableClip(Exception):
    """The file cannot be served; the message says why, in one sentence."""


class ClipReader:
    """Yields the access units of the first H.264, H.265 or MJPEG stream of a file, Annex B, parameter sets in band.

    The first unit is a key frame, unless `start_at_s` is given. Then all units before that time are left out in the
    first round, so that a stream can start between key frames.
    Every round continues the timestamps of the one before, so the seam is one frame interval long.
    """

    def __init__(self, path, start_at_s=0.0, loop=True):
        self._path = path
        self._start_at_ns = int(start_at_s * Gst.SECOND)
        self._loop = loop
        self._failure = None
        self._shift = None
        self._end = 0
        self._round = 0
        self._join_at_ns = None
        self.codec = None
        self.caps = None
        self._pipeline = Gst.Pipeline.new(None)
        source = Gst.ElementFactory.make("filesrc")
        source.set_property("location", path)
        parsebin = Gst.ElementFactory.make("parsebin")
        parsebin.connect("pad-added", self._on_pad)
        self._sink = Gst.ElementFactory.make("appsink")
        self._sink.set_property("sync", False)
        self._sink.set_property("max-buffers", 32)
        for element in (source, parsebin, self._sink):
            self._pipeline.add(element)
        source.link(parsebin)
        self._pipeline.set_state(Gst.State.PLAYING)

    def _on_pad(self, _parsebin, pad):
        name = (pad.get_current_caps() or pad.query_caps(None)).get_structure(0).get_name()
        if self.codec is None and name in PARSERS:
            self.codec = name
            parser = Gst.ElementFactory.make(PARSERS[name])
            chain = [parser]
            if name != "image/jpeg":
                parser.set_property("config-interval", -1)
                formats = Gst.ElementFactory.make("capsfilter")
                formats.set_property("caps", Gst.Caps.from_string(f"{name},stream-format=byte-stream,alignment=au"))
                chain.append(formats)
            target = self._sink
        else:
            chain = []
            target = Gst.ElementFactory.make("fakesink")
            target.set_property("async", False)
            self._pipeline.add(target)
        for element in chain:
            self._pipeline.add(element)
        path = [*chain, target]
        for first, second in zip(path, path[1:]):
            first.link(second)
        for element in reversed(path):
            element.sync_state_with_parent()
        pad.link(path[0].get_static_pad("sink"))

    def join(self, after_s):
        """Begins as for a client that comes so long after the start: with the next key frame, at the time that is left until then."""
        self._pull()
        is_known, self._length_ns = self._pipeline.query_duration(Gst.Format.TIME)
        if not is_known:
            raise UnusableClip(f"cannot tell how long {self._path} is, so it cannot go on unwatched")
        self._join_at_ns = int(self._start_at_ns + after_s * Gst.SECOND) % self._length_ns
        self._seek(self._join_at_ns)

    def next(self):
        """The next access unit as a Gst.Buffer, timestamps from 0. None after the last one of a clip that is not looped."""
        while True:
            sample = self._pull()
            if sample is not None:
                self.caps = self.caps or sample.get_caps()
                unit = self._placed(sample.get_buffer())
                if unit is not None:
                    return unit
                continue
            if self._join_at_ns is not None:
                self._end = self._length_ns - self._join_at_ns
                self._join_at_ns = None
            elif self._shift is None and self._round == 0:
                raise UnusableClip(f"no key frame of H.264, H.265 or MJPEG in {self._path}")
            if not self._loop:
                return None
            self._rewind()

    def _pull(self):
        """The next sample; None at the end of the file. Raises when the file gives none within the time limit."""
        for _ in range(OPEN_TIMEOUT_NS // POLL_NS):
            sample = self._sink.try_pull_sample(POLL_NS)
            if sample is not None or self._sink.is_eos():
                return sample
            message = self._pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
            if message is not None:
                raise UnusableClip(f"cannot read {self._path}: {message.parse_error()[0].message}")
        raise UnusableClip(f"cannot read {self._path}: no video stream of H.264, H.265 or MJPEG found")

    def _placed(self, buffer):
        """The unit with the timestamps of this round. None if it is left out."""
        time = buffer.dts if buffer.dts != Gst.CLOCK_TIME_NONE else buffer.pts
        if time == Gst.CLOCK_TIME_NONE:
            return None
        duration = buffer.duration if buffer.duration != Gst.CLOCK_TIME_NONE else FALLBACK_FRAME_NS
        if self._shift is None:
            is_key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
            if self._join_at_ns is not None:
                if not is_key or time < self._join_at_ns:
                    return None
                self._end = time - self._join_at_ns
                self._join_at_ns = None
                self._round += 1
            is_late_start = self._round == 0 and self._start_at_ns > 0
            if is_late_start and time < self._start_at_ns or not is_late_start and not is_key:
                return None
            self._shift = self._end - time
        placed = buffer.copy()
        placed.dts = time + self._shift
        placed.pts = (buffer.pts if buffer.pts != Gst.CLOCK_TIME_NONE else time) + self._shift
        self._end = max(self._end, placed.dts + duration)
        return placed

    def _rewind(self):
        self._round += 1
        self._shift = None
        self._seek(0)

    def _seek(self, to_ns):
        flags = Gst.SeekFlags.FLUSH | Gst.SeekFlags.KEY_UNIT
        if not self._pipeline.seek_simple(Gst.Format.TIME, flags, to_ns):
            raise UnusableClip(f"cannot seek in {self._path}, so it can neither be looped nor joined")

    def close(self):
        self._pipeline.set_state(Gst.State.NULL)


class ActingReader:
    """Plays acts of a clip on request. A clip consists of parts, each of which begins with a key frame.

    `acts` maps the name of an act to its first part and the part after its last. Without a request, the parts of
    "rest" are repeated. A requested act begins after the current part of "rest", or after the act that is shown.
    """

    def __init__(self, path, acts):
        reader = ClipReader(path, loop=False)
        self._parts = []
        try:
            while (unit := reader.next()) is not None:
                if not unit.has_flags(Gst.BufferFlags.DELTA_UNIT):
                    self._parts.append([])
                self._parts[-1].append(unit)
            self.codec = reader.codec
            self.caps = reader.caps
        finally:
            reader.close()
        self._acts = acts
        # Filled by the main thread, emptied by the one that streams.
        self._asked = deque()
        self._act = "rest"
        self._parts_to_come = deque()
        self._units_to_come = deque()
        self._end = 0

    def perform(self, act):
        if act in self._acts:
            self._asked.append(act)

    def next(self):
        """The next access unit as a Gst.Buffer, timestamps from 0; there always is one."""
        if not self._units_to_come:
            self._units_to_come.extend(self._parts[self._next_part()])
        unit = self._units_to_come.popleft()
        placed = unit.copy()
        placed.dts = placed.pts = self._end
        self._end += unit.duration if unit.duration != Gst.CLOCK_TIME_NONE else FALLBACK_FRAME_NS
        return placed

    def _next_part(self):
        if self._asked and not self._is_acting:
            self._begin(self._asked.popleft())
        elif not self._parts_to_come:
            self._begin("rest")
        return self._parts_to_come.popleft()

    def _begin(self, act):
        self._act = act
        self._parts_to_come = deque(range(*self._acts[act]))

    @property
    def _is_acting(self):
        return self._act != "rest" and len(self._parts_to_come) > 0

    def close(self):
        pass
