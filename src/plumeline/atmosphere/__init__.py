"""Wind, stability and the plume and puff models that carry a gas from a source to a receptor.

In: positions and wind. Out: couplings [s m-3] that times a rate [kg s-1] give a concentration [kg m-3].
"""
