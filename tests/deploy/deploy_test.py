#!/usr/bin/python3
"""The files of deploy/ are what its README says: configurations are valid, units and the compose file start commands
that exist with files that exist, and the three machines agree on names, ports and paths."""
import configparser
import os
import re
import shlex
import subprocess
import unittest

SOURCE = os.environ["BOURSE_SOURCE_DIR"]
BINARY = os.environ["BOURSE_BINARY"]
DEPLOY = os.path.join(SOURCE, "deploy")
CLUSTER = os.path.join(DEPLOY, "cluster")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def run(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=30, cwd=SOURCE)


def has_stream():
    return "stream.url" in run("config", "show").stdout


class Deploy(unittest.TestCase):
    def test_each_command_of_the_readme_succeeds(self):
        commands = re.findall(r"^\$ bourse (.*)$", read(DEPLOY, "README.md"), re.M)
        self.assertGreaterEqual(len(commands), 3)
        for command in commands:
            if "cluster" in command and not has_stream():
                print(f"left out, this build has no stream: bourse {command}")
                continue
            done = run(*shlex.split(command))
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")

    def test_a_mistake_in_a_configuration_would_be_found(self):
        self.assertNotEqual(run("config", "check", "deploy/README.md").returncode, 0)

    def test_each_file_that_the_readme_names_is_there(self):
        named = set(re.findall(r"`([\w-]+\.(?:toml|conf|cfg|service|yaml))`", read(DEPLOY, "README.md")))
        named -= {"keys.toml"}
        self.assertGreaterEqual(len(named), 5)
        there = set(os.listdir(DEPLOY)) | set(os.listdir(CLUSTER))
        self.assertLessEqual(named, there)
        for unit in re.findall(r"`(bourse-\w+)`", read(DEPLOY, "README.md")):
            self.assertIn(unit + ".service", there)

    def test_units_start_words_that_the_program_knows(self):
        words = run("--help").stdout
        for name in [f for f in os.listdir(CLUSTER) if f.endswith(".service")] + ["../bourse.service"]:
            unit = configparser.ConfigParser(strict=False, interpolation=None)
            unit.optionxform = str
            unit.read_string(read(CLUSTER, name))
            command = shlex.split(unit["Service"]["ExecStart"])
            self.assertEqual(unit["Install"]["WantedBy"], "multi-user.target", name)
            if not command[0].endswith("/bourse"):
                continue
            if command[1] == "serve" or has_stream():
                self.assertIn(command[1], words, name)
            config = command[command.index("--config") + 1]
            self.assertTrue(os.path.exists(os.path.join(CLUSTER, os.path.basename(config))) or
                            os.path.exists(os.path.join(DEPLOY, os.path.basename(config))), config)

    def test_the_compose_file_mounts_what_is_there_and_asks_for_services_that_are_there(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("python3-yaml is not installed")
        compose = yaml.safe_load(read(CLUSTER, "compose.yaml"))
        services = compose["services"]
        self.assertEqual(sum(name.startswith("nats-") for name in services), 3)
        self.assertEqual(sum(name.startswith("engine-") for name in services), 2)
        self.assertGreaterEqual(sum(name.startswith("gateway-") for name in services), 2)
        for name, service in services.items():
            for other in service.get("depends_on", []):
                self.assertIn(other, services, name)
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("./") and source != "./secrets":
                    self.assertTrue(os.path.exists(os.path.join(CLUSTER, source)), source)
                elif not source.startswith("./"):
                    self.assertIn(source, compose["volumes"], name)

    def test_all_parts_speak_to_the_same_three_servers(self):
        servers = {"nats-a", "nats-b", "nats-c"}
        for name in ("engine.toml", "gateway.toml"):
            url = re.search(r'^url = "(.*)"', read(CLUSTER, name), re.M).group(1)
            self.assertEqual({re.match(r"nats://([\w-]+):4222$", one).group(1) for one in url.split(",")}, servers)
        self.assertEqual(set(re.findall(r"nats-route://([\w-]+):6222", read(CLUSTER, "nats.conf"))), servers)
        gateways = set(re.findall(r"^  server [\w-]+ ([\w-]+):9443", read(CLUSTER, "haproxy.cfg"), re.M))
        self.assertEqual(gateways, {"gateway-a", "gateway-b"})


if __name__ == "__main__":
    unittest.main()
