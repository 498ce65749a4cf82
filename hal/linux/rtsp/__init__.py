"""An RTSP client for the hot path: a core without I/O, and one thread of sockets for all sources.

`address` and `authorization` say where and who, `wire` is the text protocol with its interleaved
packets, `sdp` what the camera offers, `rtp`, `rtcp`, `reorder` the packets, `picture_track` and
`sound_track` make access units of them, `session` is the conversation, `loop` the thread, and
`camera` and `microphone` are the ports.
"""
