"""States of TCP, by what both sides send: cases of the wire comparison, see wire_cases.py."""


def _close(w, script):
    """script: i client, o server, then flags; listed after each step."""
    w.service()
    c = w.connect()
    for step in script.split():
        flags = step[1:].replace(".", "")
        (c.request if step[0] == "i" else c.reply)(flags, step)
        w.connections()
        w.list()


def close_server_first(w):
    _close(w, "iS oSA iA oFA iA iFA oA")


def close_client_first(w):
    _close(w, "iS oSA iA iFA oA oFA iA")


def close_client_first_without_an_ack_between(w):
    _close(w, "iS oSA iA iFA oFA iA")


def close_both_at_once(w):
    _close(w, "iS oSA iA oFA iFA oA iA")


def close_half_then_data(w):
    _close(w, "iS oSA iA iFA oA oPA iA oPA oFA iA")


def close_by_reset_of_the_client(w):
    _close(w, "iS oSA iA iRA")


def close_by_reset_of_the_server(w):
    _close(w, "iS oSA iA oR")


def connection_refused_by_the_server(w):
    _close(w, "iS oRA")


def client_reset_before_the_connection_is_established(w):
    _close(w, "iS oSA iR iR")


def client_acknowledges_before_the_server_answers(w):
    _close(w, "iS iA oSA iA")


def segment_without_flags_closes(w):
    _close(w, "iS oSA iA i. oA")


def syn_repeated(w):
    _close(w, "iS iS oSA oSA iS iA iS")


def syn_on_a_connection_that_one_side_closed(w):
    w.ipvs_way()
    _close(w, "iS oSA iA oFA iS oSA iA iFA iS")


def client_port_reused_after_both_sides_closed(w):
    w.service((1, 2, 3))
    for script in (("PA",), ("FA",), ("RA",)):
        c = w.connect().establish()
        for flags in script:
            c.reply(flags).request(flags)
        w.connections()
        c.request("S", "SYN again", seq=77000).reply("SA", ack=77001)
        w.connections()
