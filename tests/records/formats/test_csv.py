from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid import read
from pellucid.core.errors import InvalidInputError, UnreadableFileError

HEADER = "# sampling_rate=500\n"


def example(folder):
    return table(folder, HEADER + "I,II\n0.1,0.2\n0.3,-0.4\n0.5,0.6\n")


def table(folder, text, *, encoding="utf-8", name="ecg.csv"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_a_table_of_leads_in_millivolts(tmp_path):
    record = read(example(tmp_path))
    assert (record.leads, record.sampling_rate, record.name) == (("I", "II"), 500, "ecg")
    np.testing.assert_array_equal(record.signal, np.array([[0.1, 0.3, 0.5], [0.2, -0.4, 0.6]], dtype=np.float32))


@pytest.mark.parametrize(
    "text",
    [
        "lead I\tECG V1\n1\t2\n3\t4\n",
        '"I" , "V1"\n1, 2\n3, 4\n',
        "I;V1\n1,0;2,0\n3,0;4,0\n",
        ",I,V1\n0,1,2\n1,3,4\n",
        "sample,I,V1,index\n0,1,2,0\n1,3,4,1\n",
        "\nI,V1\r\n1,2\r\n\r\n3,4",
        "I (mV),V1 [uV]\n1,2000\n3,4000\n",
        "# unit: uV\nI,V1 (mV)\n1e3,2\n3000,4\n",
    ],
)
def test_separators_decimals_counters_and_units(tmp_path, text):
    record = read(table(tmp_path, HEADER + text))
    assert record.leads == ("I", "V1")
    np.testing.assert_allclose(record.signal, [[1, 3], [2, 4]], rtol=1e-6)


@pytest.mark.parametrize(
    ("encoding", "unit"), [("utf-8", "µV"), ("utf-8-sig", "μV"), ("latin-1", "µV"), ("utf-16", "µV")]
)
def test_encodings(tmp_path, encoding, unit):
    record = read(table(tmp_path, f"# unit={unit}\n{HEADER}I,II\n1000,2000\n3000,4000\n", encoding=encoding))
    np.testing.assert_allclose(record.signal, [[1, 3], [2, 4]], rtol=1e-6)


def test_empty_cells_were_not_recorded(tmp_path):
    signal = read(table(tmp_path, HEADER + "I,II\n,2\nnan,4\n5,\n")).signal
    np.testing.assert_array_equal(signal, np.array([[np.nan, np.nan, 5], [2, 4, np.nan]], dtype=np.float32))


def test_one_lead(tmp_path):
    record = read(table(tmp_path, HEADER + "MLII\n1\n-2\n"))
    assert record.leads == ("MLII",)
    np.testing.assert_array_equal(record.signal, [[1, -2]])


def test_other_comments_become_metadata(tmp_path):
    text = "# patient = 12\n# age: 60\n# just words\n"
    assert read(table(tmp_path, text + HEADER + "I,II\n1,2\n")).metadata == {"patient": "12", "age": "60"}


@pytest.mark.parametrize(("rate", "decimals"), [(500, 3), (360, 3), (400, 4), (257.5, 6), (1000, 3)])
def test_a_time_column_gives_the_rate_through_its_rounding(tmp_path, rate, decimals):
    lines = "".join(f"{sample / rate:.{decimals}f},{sample % 7}\n" for sample in range(3600))
    assert read(table(tmp_path, "time,II\n" + lines)).sampling_rate == pytest.approx(rate, rel=1e-7)


@given(rate=st.sampled_from([100, 125, 128, 240, 250, 257, 360, 400, 500, 512, 1000]), first=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_milliseconds_with_one_decimal_give_whole_rates_back(tmp_path_factory, rate, first):
    lines = "".join(f"{(first + sample) * 1000 / rate:.1f},0\n" for sample in range(rate // 2))
    path = table(tmp_path_factory.mktemp("ms"), "time_ms,II\n" + lines)
    assert read(path).sampling_rate == rate


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("I,II\n1,2\n3,4\n", r"ecg\.csv does not say its sampling rate\. Write a comment line '# sampling_rate=500'"),
        ("# sampling_rate=5OO\nI,II\n1,2\n", "sampling_rate must be a number of Hz; got '5OO'"),
        ("# sampling_rate=0\nI,II\n1,2\n", "sampling_rate of ecg must be a positive number of Hz; got 0.0"),
        (HEADER + "1,2\n3,4\n", "must begin with a line of lead names; its first line is '1,2'. Write a line such as"),
        (HEADER + "# unit=mmHg\nI,II\n1,2\n", "unit must be V, mV, uV or nV; got 'mmHg'"),
        (HEADER + "I,lead i\n1,2\n", "leads of ecg must be different; got I more than once"),
        (HEADER + "time\n0\n1\n", "must have a column for each lead; it has time"),
        ("time,I\n0,1\n2,2\n4,1\n", "column 'time' gives 0.5 Hz, which is no ECG. Call it 'time_ms'"),
        ("time,I\n0,1\n2,2\n9,1\n", "must rise in even steps; they go from 2 to 7. Resample the table"),
        ("time,I\n0,1\n0,2\n", "must rise in even steps; they go from 0 to 0"),
        ("time,I\n0,1\n", "must rise in even steps"),
        (HEADER + "I,II\n1,inf\n", "must be finite or NaN, in mV; got infinite"),
        (HEADER + "I,II\n1,1e300\n", "must be finite or NaN, in mV; got infinite"),
    ],
)
def test_tables_that_no_record_can_be(tmp_path, text, message):
    with pytest.raises(InvalidInputError, match=message):
        read(table(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("I,II\n1,2\n3\n", r"must have 2 values, one for each column; sample 2 has 1\. Is the file cut off\?"),
        ("I,II\n1,2,3\n", r"sample 1 has 3\. Give every column a name"),
        ("I,label\n1,2\n2,sinus\n", r"column 'label' must hold numbers; sample 2 is 'sinus'\. Remove the column"),
        ('I,II\n1,2\n"3,4\n', r"ecg\.csv is a damaged table: .*\. Copy it again"),
        ("I,II\n1,True\n", "column 'II' must hold numbers; sample 1 is 'True'"),
    ],
)
def test_damaged_tables_name_the_sample_and_the_remedy(tmp_path, text, message):
    with pytest.raises(UnreadableFileError, match=message):
        read(table(tmp_path, HEADER + text))
