"""Two machines of one core each, as processes of this one: prints the address of their Ray cluster,
and ends them at its end. For a line on stdin, "remove" takes the second machine away, and "restart"
ends both and starts others."""

import sys

from ray.cluster_utils import Cluster


def start():
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    print(cluster.address, flush=True)
    return cluster, second


cluster, second = start()
for line in sys.stdin:
    if line == "remove\n":
        cluster.remove_node(second)
    else:
        cluster.shutdown()
        cluster, second = start()
cluster.shutdown()
