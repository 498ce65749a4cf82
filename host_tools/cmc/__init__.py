"""The Control & Monitoring Centre: broker, feed, store, keyholder and the page."""
