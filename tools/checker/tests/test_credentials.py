"""What is a credential, what is a placeholder, and what is neither."""

from __future__ import annotations

import pytest

from inception_check.evidence import credentials as found
from inception_check.evidence.shell import parse_shell
from inception_check.evidence.shellcredentials import in_shell


@pytest.mark.parametrize(
    "name",
    ["MYSQL_PASSWORD", "DB_PASS", "dbpassword", "WP_ADMIN_PWD", "ROOT_PW", "mdp", "API_KEY", "SECRET_KEY", "AUTH_KEY", "GITHUB_TOKEN",
     "requirepass", "FTP_PASSWD", "wpuserpass", "MYSQL_ROOT_PASSWORD_2", "NONCE_SALT", "PASSFTP", "passdb"],
)  # fmt: skip
def test_names_of_credentials(name: str) -> None:
    assert found.is_credential_name(name)


@pytest.mark.parametrize(
    "name",
    ["MYSQL_PASSWORD_FILE", "PWD", "OLDPWD", "fastcgi_pass", "pasv_enable", "PasswordAuthentication", "COMPASS", "SECRETS_DIR", "WP_USER",
     "DOMAIN_NAME", "password_min_length", "TOKEN_URL", "KEY", "primary_key", "proxy_pass", "RESET_PASSWORD_LINK", "PASSPORT"],
)  # fmt: skip
def test_other_names(name: str) -> None:
    assert not found.is_credential_name(name)


@pytest.mark.parametrize(
    "value", ["s3same", "1234", "root", "password", "wp_pass", "admin_password", "my_password", "Pa$$word1", "example"]
)
def test_credentials(value: str) -> None:
    assert found.is_secret_value(value, "MYSQL_PASSWORD", example=False)
    assert not found.is_secret_value(value, "MYSQL_PASSWORD", example=True)


@pytest.mark.parametrize(
    "value",
    ["", "changeme", "CHANGE_ME", "change-this-password", "<password>", "your_password", "your-secure-password-here", "xxxx", "***",
     "MYSQL_PASSWORD", "put your unique phrase here", "password_here", "to_be_defined", "replace_me", "example_password", "TODO",
     "${DB_PASSWORD}", "$DB_PASSWORD", "$(cat /run/secrets/x)", "/run/secrets/db", "../secrets/x.txt", "{{ password }}", "__PASS__",
     "%s", "true", "null", "0", "1", "-1", "n", "enabled"],
)  # fmt: skip
def test_placeholders_and_references(value: str) -> None:
    assert not found.is_secret_value(value, "MYSQL_PASSWORD", example=False)


@pytest.mark.parametrize("value", ["k8Jx2!vQz91LpW", "9f2c1e77ab40d6538e21b0c4d5", "dGhpcyBpcyBhIHNlY3JldCBrZXk0Mg=="])
def test_in_an_example_only_what_looks_random_counts(value: str) -> None:
    assert found.is_secret_value(value, "API_KEY", example=True)


@pytest.mark.parametrize(
    "name",
    [".env.example", "env.sample", "example.env", "template.env", "wp-config-sample.php", ".env.dist", ".env.j2"],
)
def test_examples_by_their_names(name: str) -> None:
    assert found.is_example(f"srcs/{name}")
    assert not found.is_example("srcs/.env")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("A=1\nDB_PASSWORD=s3same\n", [2]),
        ("export X=y FTP_PASS=s3same", [1]),
        ("DB_PASSWORD=$(cat x)\nDB_PASSWORD=\"$OTHER\"", []),
        ("mysql -u root -ps3same -e 'select 1'", [1]),
        ("mysql -u root -p\"$PASS\"", []),
        ("wp config create --dbpass=s3same\nwp user create a b --user_pass s3same", [1, 2]),
        ("mysql <<EOF\nCREATE USER a IDENTIFIED BY 's3same';\nEOF", [2]),
        ("mysql <<EOF\nCREATE USER a IDENTIFIED BY '$P';\nEOF", []),
        ("cat > .env <<EOF\nDB_PASSWORD=s3same\nEOF", [2]),
        ("echo \"DB_PASSWORD=s3same\" >> .env", [1]),
        ("echo 'wil:s3same' | chpasswd", [1]),
        ("echo \"$U:$P\" | chpasswd", []),
        ("printf 'A_PASSWORD=%s\\nB_PASSWORD=%s\\n' \"$a\" \"$b\"", []),
        ("redis-server --requirepass s3same", [1]),
        ("read -s -p 'Password: ' PASSWORD", []),
        ("PASS=0\nFAIL=0\nPASS=$((PASS + 1))", []),
        ("run() { local pass=0; }\nPASS=1\nTESTS_PASSED=10", []),
        ("PASS='[ok]'\nFAIL='[ko]'\npass=\"\\033[32mgood\\033[0m\"", []),
        ("n_pass=12\nfailures=3\nDB_PASS=s3same", [3]),
        ("PASS=s3same", [1]),
        ("SQL_PASSWORD=123\nDB_PASS=42\nERRORS=0", [1, 2]),
        ("echo \"A=1 \\\n\nDB_PASSWORD=s3same\" > .env", [3]),
    ],
)  # fmt: skip
def test_shell(text: str, lines: list[int]) -> None:
    assert [c.line for c in in_shell(parse_shell(text))] == lines


def test_private_keys_need_material() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "A" * 64 + "\n"
    assert list(found.private_keys("x\n" + key)) == [2]
    assert list(found.private_keys('grep "-----BEGIN PRIVATE KEY-----" file')) == []
