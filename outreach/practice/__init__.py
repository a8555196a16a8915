"""Practice integrators: servers on this machine that speak as the real ones do, with made-up pupils.

For the demo and the tests. They know nothing of the service, nor the service of them.
"""
