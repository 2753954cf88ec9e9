"""Declarations of how channels answer to gases, and what is wrong with bad ones."""

import pytest

from plumeline import chem
from plumeline.errors import ConfigurationError
from plumeline.observations.cross_sensitivity import with_responses
from plumeline.observations.settings import ResponseSettings
from plumeline.workflows.ingest import load_responses, load_settings
from surveys import mixture_flight

SURVEY = mixture_flight(
    [[1.0], [1.0]], ["pid_response", "carbon monoxide"], [0.0], masses=[56.108e-3, 28.01e-3]
)


def declared(**entry):
    return with_responses(SURVEY, [ResponseSettings(**entry)], where="mine.toml").sensitivities


def test_a_pid_answers_with_the_inverse_of_its_correction_factor():
    (one,) = declared(channel="pid_response", species="acetone")
    acetone = chem.species("acetone")
    factor = acetone.get("pid_correction").value
    # 1 ppm of acetone shows 1/factor ppm of isobutylene.
    assert one.ratio == pytest.approx(56.108e-3 / acetone.molar_mass_kg_mol / factor)
    assert one.sigma == 0.25


def test_a_channel_and_a_gas_may_be_named_by_formula_or_alias():
    (one,) = declared(channel="CO", species="H2S", sensitivity=0.1)
    assert (one.channel, one.species) == ("carbon monoxide", "hydrogen sulfide")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"channel": "methane", "species": "acetone", "sensitivity": 1.0}, "has no channel 'methane'"),
        ({"channel": "nonsense", "species": "acetone", "sensitivity": 1.0}, "nonsense"),
        ({"channel": "CO", "species": "unobtainium", "sensitivity": 1.0}, "unobtainium"),
        ({"channel": "CO", "species": "acetone", "sensitivity": -0.1}, "sensitivity is -0.1"),
        ({"channel": "CO", "species": "acetone", "sensitivity": float("nan")}, "sensitivity is nan"),
        ({"channel": "CO", "species": "acetone", "sensitivity": 0.0}, "no sensor of this survey answers"),
        ({"channel": "CO", "species": "acetone"}, "no sensitivity of carbon monoxide to acetone"),
        ({"channel": "CO", "species": "acetone", "sensitivity": 1.0, "sigma": 2.0}, "sigma is 2.0"),
        ({"channel": "CO", "species": "acetone", "sensitivity": 1.0, "sensor": "x"}, "has no sensor 'x'"),
        ({"channel": "pid_response", "species": "methane"}, "no PID correction factor"),
        ({"channel": "pid_response", "species": "pid_response"}, "is no gas"),
    ],
)
def test_a_bad_declaration_says_what_is_wrong(entry, said):
    with pytest.raises(ConfigurationError, match=said):
        declared(**entry)


def test_a_pair_is_declared_once():
    twice = [ResponseSettings(channel="CO", species="acetone", sensitivity=0.5)] * 2
    with pytest.raises(ConfigurationError, match="declared twice"):
        with_responses(SURVEY, twice)


def test_a_response_file_and_a_survey_file_say_the_same(tmp_path):
    text = '[[response]]\nchannel = "CO"\nspecies = "hydrogen"\nsensitivity = 0.4\nsigma = 0.1\n'
    (tmp_path / "response.toml").write_text(text)
    (tmp_path / "survey.toml").write_text(f'[[file]]\npath = "mine.csv"\n{text}')
    assert load_responses(tmp_path / "response.toml") == load_settings(tmp_path / "survey.toml").response


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "declares no response"),
        ("[[response]]\nchanel = 'CO'\n", "did you mean 'channel'"),
        ("[[response]]\nchannel = 'CO'\n", "species"),
        ("[response", "not a TOML file"),
    ],
)
def test_a_bad_response_file_says_what_is_wrong(tmp_path, text, said):
    path = tmp_path / "response.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        load_responses(path)
