"""Two machines of one core each, as processes of this one: prints the address of their Ray cluster,
takes the second machine away for a line on stdin, and ends them at its end."""

import sys

from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
second = cluster.add_node(num_cpus=1)
print(cluster.address, flush=True)
if sys.stdin.readline():
    cluster.remove_node(second)
    sys.stdin.readline()
cluster.shutdown()
