"""The simulated devices as real ports: ptys, an RTSP server, relay files, for any program."""
