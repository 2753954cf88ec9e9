"""Where everything comes from, as RO-Crate 1.1, W3C PROV-JSON and CASE/UCO JSON-LD.

References: RO-Crate 1.1; W3C PROV-JSON submission 2013; CASE 1.4 and UCO 1.4 ontologies.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from plumeline.provenance import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plumeline.packages.content import Content

_MEDIA = {
    "pdf": "application/pdf",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "kml": "application/vnd.google-earth.kml+xml",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "xml": "application/xml",
    "html": "text/html",
}


def ro_crate(content: Content, files: Mapping[str, bytes]) -> bytes:
    """The crate's metadata over the package's files."""
    names = sorted(files)
    graph: list[dict[str, Any]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"{'EXERCISE ' if content.exercise else ''}Survey finding {content.case}",
            "description": f"{content.handling.tlp.value}; "
            + "; ".join(c.value for c in content.handling.caveats),
            "datePublished": content.prepared.isoformat(),
            "license": content.handling.permitted_use[0].en,
            "identifier": content.release,
            "hasPart": [{"@id": name} for name in names],
        },
    ]
    graph += [
        {
            "@id": name,
            "@type": "File",
            "contentSize": str(len(files[name])),
            "encodingFormat": _MEDIA.get(name.rpartition(".")[2], "application/octet-stream"),
        }
        for name in names
    ]
    return (
        canonical_json({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}).encode()
        + b"\n"
    )


def prov_json(content: Content) -> bytes:
    """Recording → estimate → finding → conclusion, with who concluded."""
    entities: dict[str, dict[str, str]] = {}
    derived: dict[str, dict[str, str]] = {}
    for recording in content.recordings:
        entities[f"pl:recording-{recording.sha256}"] = {"prov:label": recording.label}
    for finding in content.findings:
        estimate, node = f"pl:estimate-{finding.estimate}", f"pl:finding-{finding.label}"
        entities[estimate] = {"prov:label": f"estimate by plumeline {finding.method}"}
        entities[node] = {"prov:label": finding.label}
        for digest in finding.recordings:
            derived[f"_:r{len(derived)}"] = {
                "prov:generatedEntity": estimate,
                "prov:usedEntity": f"pl:recording-{digest}",
            }
        derived[f"_:r{len(derived)}"] = {"prov:generatedEntity": node, "prov:usedEntity": estimate}
        derived[f"_:r{len(derived)}"] = {"prov:generatedEntity": "pl:conclusion", "prov:usedEntity": node}
    entities["pl:conclusion"] = {
        "prov:label": f"{'EXERCISE ' if content.exercise else ''}{content.conclusion.assessment.value}",
        "pl:marking": f"{content.handling.tlp.value}; "
        + "; ".join(caveat.value for caveat in content.handling.caveats),
    }
    agent = f"pl:{content.conclusion.actor}"
    document = {
        "prefix": {"pl": "urn:plumeline:"},
        "entity": entities,
        "agent": {agent: {"prov:label": "badge"}},
        "wasDerivedFrom": derived,
        "wasAttributedTo": {"_:a0": {"prov:entity": "pl:conclusion", "prov:agent": agent}},
    }
    return canonical_json(document).encode() + b"\n"


_KB = "urn:plumeline:"
_SPACE = uuid.UUID("2b1f4f0a-3c55-5f1e-8a49-0d4a6c7b9e20")


def _kb(kind: str, name: str) -> str:
    return f"{_KB}{kind}-{uuid.uuid5(_SPACE, f'{kind}/{name}')}"


def case_uco(content: Content) -> bytes:
    """An investigation with its recordings as files and a provenance record, for evidence systems."""
    files = [
        {
            "@id": _kb("File", recording.sha256),
            "@type": "uco-observable:File",
            "uco-core:hasFacet": [
                {
                    "@id": _kb("FileFacet", recording.sha256),
                    "@type": "uco-observable:FileFacet",
                    "uco-observable:fileName": recording.label,
                },
                {
                    "@id": _kb("ContentDataFacet", recording.sha256),
                    "@type": "uco-observable:ContentDataFacet",
                    "uco-observable:hash": [
                        {
                            "@id": _kb("Hash", recording.sha256),
                            "@type": "uco-types:Hash",
                            "uco-types:hashMethod": "SHA256",
                            "uco-types:hashValue": {
                                "@type": "xsd:hexBinary",
                                "@value": recording.sha256.upper(),
                            },
                        }
                    ],
                },
            ],
        }
        for recording in content.recordings
    ]
    marking = {
        "@id": _kb("MarkingDefinition", content.release),
        "@type": "uco-marking:MarkingDefinition",
        "uco-marking:definitionType": "statement",
        "uco-marking:definition": [
            {
                "@id": _kb("StatementMarking", content.release),
                "@type": "uco-marking:StatementMarking",
                "uco-marking:definitionType": "statement",
                "uco-marking:statement": f"{content.handling.tlp.value}; releasable to {content.handling.recipient}; "
                + "; ".join(caveat.value for caveat in content.handling.caveats),
            }
        ],
    }
    record = {
        "@id": _kb("ProvenanceRecord", content.release),
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:description": "Recordings the findings rest on",
        "uco-core:object": [{"@id": file["@id"]} for file in files],
    }
    investigation = {
        "@id": _kb("Investigation", content.case),
        "@type": "case-investigation:Investigation",
        "uco-core:name": f"{'EXERCISE ' if content.exercise else ''}{content.case}",
        "uco-core:objectMarking": [{"@id": marking["@id"]}],
        "uco-core:object": [{"@id": record["@id"]}],
    }
    context = {
        "case-investigation": "https://ontology.caseontology.org/case/investigation/",
        "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
        "uco-marking": "https://ontology.unifiedcyberontology.org/uco/marking/",
        "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
        "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }
    return (
        canonical_json({"@context": context, "@graph": [investigation, record, marking, *files]}).encode()
        + b"\n"
    )
