"""The switch of a microphone: off unless a grant, a gate and a lit indicator all agree."""
