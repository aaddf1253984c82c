"""What is counted is told on the health port alone, in Prometheus' text format, and names nobody."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from docsign.exchange import wire
from docsign.pki import SigningKey
from tests.relay.conftest import Site, sealed


async def test_requests_log_and_room_are_counted(site: Site, agency_key: SigningKey) -> None:
    """Read back by the parser of Prometheus' own client; no agency, digest or address among the labels."""
    envelope = sealed(agency_key)
    async with site.served() as here, site.client(here.url, "commune-tls") as commune:
        assert (await commune.send(envelope))[0] == 201
        assert (await commune.call("GET", wire.INBOX))[0] == 200
        assert (await commune.call("GET", "/v1/nothing"))[0] == 404
        assert (await commune.call("PUT", "/v1/nothing"))[0] == 404
        assert (await commune.call("GET", "/metrics"))[0] == 404
        async with commune.session.get(f"{here.health_url}/metrics") as answer:
            text = await answer.text()
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["docsign_relay_requests_total", "201", "POST"] == 1
    assert found["docsign_relay_requests_total", "200", "GET"] == 1
    assert found["docsign_relay_requests_total", "404", "GET"] == 2
    assert found["docsign_relay_requests_total", "404", "other"] == 1
    assert found["docsign_relay_request_seconds_count", "POST"] == 1
    assert found["docsign_relay_log_records",] == 2
    assert found["docsign_relay_free_bytes",] > 0
    assert found["docsign_relay_stamping_failing_seconds",] == 0
    assert "H99" not in text
