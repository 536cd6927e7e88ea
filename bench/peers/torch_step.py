"""One whole DINOv2 step in eager PyTorch: losses, gradients, AdamW, teacher, softmax centering."""

import torch
import torch.nn.functional as F

from torch_model import Network


def cross_entropy(targets, log_probs):
    return -(targets * log_probs).sum(-1)


def koleo(x):
    x = F.normalize(x.float(), dim=-1, eps=1e-8)
    with torch.no_grad():
        nearest = (x @ x.t()).fill_diagonal_(-2).argmax(1)
    return -torch.log(F.pairwise_distance(x, x[nearest], eps=1e-8) + 1e-8).mean()


class Step:
    def __init__(self, settings, inputs, autocast):
        self.settings, self.method, self.autocast = settings, settings["method"], autocast
        self.views = inputs["globalViews"], inputs["localViews"]
        self.masks = inputs["masks"] > 0
        self.weights = (self.masks / self.masks.sum(1, keepdim=True).clamp(min=1))[self.masks]
        device = self.masks.device
        self.student = self.network("student", inputs).to(device)
        self.teacher = self.network("teacher", inputs).to(device).requires_grad_(False)
        zeros = torch.zeros(1, self.method["output_dim"], device=device)
        self.centers = {"dino": zeros.clone(), "ibot": zeros.clone()}
        self.optimizer = torch.optim.AdamW(
            [{"params": [p], **settings["groups"][n]} for n, p in self.student.named_parameters()],
            betas=settings["betas"], eps=settings["eps"],
        )
        self.schedule(0)

    def network(self, name, inputs):
        network = Network(self.settings["model"], self.method)
        start = {key: inputs[f"{name}.{key}"].cpu() for key in network.state_dict()}
        network.load_state_dict(start)
        return network

    def schedule(self, step):
        self.now = self.settings["steps"][step]
        for group in self.optimizer.param_groups:
            group["lr"] = self.now["learningRate"] * group["lrScale"]
            group["weight_decay"] = self.now["weightDecay"] if group["decays"] else 0

    def targets(self, logits, name):
        logits = logits.float()
        center, momentum = self.centers[name], self.method["center_momentum"]
        targets = ((logits - center) / self.now["teacherTemp"]).softmax(-1)
        center.mul_(momentum).add_(logits.mean(0, keepdim=True), alpha=1 - momentum)
        return targets

    @torch.no_grad()
    def teacher_targets(self):
        cls, patches = self.teacher.backbone(self.views[0])
        head = self.teacher.dino_head
        return self.targets(head(cls), "dino"), self.targets(head(patches[self.masks]), "ibot")

    def losses(self):
        batch, local_views = self.settings["batchSize"], self.settings["localViews"]
        cls_targets, patch_targets = self.teacher_targets()
        cls, patches = self.student.backbone(self.views[0], self.masks)
        local, _ = self.student.backbone(self.views[1])
        head, temp = self.student.dino_head, self.method["student_temp"]
        rows = [cls, local, patches[self.masks]]
        logits = head(torch.cat(rows)).float() / temp
        global_, local_, masked = F.log_softmax(logits, -1).split([len(each) for each in rows])
        first, second = cls_targets.split(batch)
        terms = 2 + max(2 * local_views, 1)
        others = torch.cat([second, first])
        local_terms = cross_entropy((first + second)[None], local_.view(local_views, batch, -1))
        return {
            "dino_global": cross_entropy(others, global_).mean() * 2 / terms,
            "dino_local": local_terms.sum() / (batch * terms),
            "ibot": (cross_entropy(patch_targets, masked) * self.weights).sum() / (2 * batch),
            "koleo": koleo(cls[:batch]) + koleo(cls[batch:]),
        }

    def run(self):
        with self.autocast():
            losses = self.losses()
        method = self.method
        total = method["dino_loss_weight"] * (losses["dino_global"] + losses["dino_local"])
        total = total + method["ibot_loss_weight"] * losses["ibot"]
        total = total + method["koleo_loss_weight"] * losses["koleo"]
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        parameters = list(self.student.parameters())
        norm = torch.nn.utils.clip_grad_norm_(parameters, method["gradient_clip_val"])
        self.optimizer.step()
        self.follow(parameters)
        return {**losses, "grad_norm": norm}

    @torch.no_grad()
    def follow(self, parameters):
        momentum, teacher = self.now["momentum"], list(self.teacher.parameters())
        torch._foreach_mul_(teacher, momentum)
        torch._foreach_add_(teacher, parameters, alpha=1 - momentum)

    def outputs(self):
        found = {}
        for step in (0, 1):
            self.schedule(step)
            found.update({f"step {step} {name}": value for name, value in self.run().items()})
        return found
