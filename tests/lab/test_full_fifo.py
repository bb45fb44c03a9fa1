"""A FIFO that nobody reads fills up; adverts go on, and what comes later is told again."""

from lab import configs
from lab.pairings import made_of
from lab.waiting import wait_until

SMALL = "import fcntl,os; f=os.open('/run/e.fifo', os.O_RDWR|os.O_NONBLOCK); os.write(f, b'x'*65536)"


@made_of([("baton", "baton", "baton")])
def test_a_reader_that_does_not_read_blocks_nothing(network):
    for proxy in network.proxies:
        text = configs.failover(proxy.name)
        fifo = "         notify_fifo /run/e.fifo\n"
        proxy.write_failover(configs.insert_after(text, "router_id", fifo))
    network.start()
    first, second = network.proxies
    second.host.run(["/usr/bin/python3", "-c", SMALL], check=False)
    network.cut("nginx01")
    network.await_service(within=8)
    wait_until(
        lambda: "notify fifo /run/e.fifo is full" in second.host.messages(), 3, "the log says so"
    )
    network.mend("nginx01")
    network.await_master("nginx01")
